"""The words that the simulated AI answers with: pure functions of a seed and a hint, in the language asked for.

`scene` decides what a video shows, in no language at all. Everything else writes such a scene down: `prompts` for
VideoToPrompt, `shots` for NanoPhoto, `descriptions` for Descrideo, `extraction` for DumplingAI. The phrases of each
language stand in `locales`, one module a language, loaded when first asked for.
"""
