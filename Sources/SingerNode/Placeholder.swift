enum SingerNodePlaceholder {}
