enum SingerGatewayPlaceholder {}
