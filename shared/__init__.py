"""What both programs speak; knows neither role."""

PRODUCT = "ocpp-mock-pair"
