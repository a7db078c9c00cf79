enum SingerReplicationPlaceholder {}
