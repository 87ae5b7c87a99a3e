"""The simulated APIs: one module or small package a provider."""
