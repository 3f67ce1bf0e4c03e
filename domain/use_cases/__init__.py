"""Application services: each decides over ports and knows no technology behind them."""
