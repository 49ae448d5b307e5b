"""Programs for those who make Latent Loom: training the included model, writing the docs."""
