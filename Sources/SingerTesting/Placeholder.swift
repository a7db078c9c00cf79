enum SingerTestingPlaceholder {}
