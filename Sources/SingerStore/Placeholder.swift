enum SingerStorePlaceholder {}
