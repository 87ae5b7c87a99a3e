"""The texts of the simulated AI: pure functions of a seed, a hint and a language.

`scene` decides what a video shows, as keys without any language. The other modules turn a scene into text: `prompts`
for VideoToPrompt, `shots` for NanoPhoto, `descriptions` for Descrideo, `extraction` for DumplingAI. The phrases of each
language are in `locales`, one JSON file per language, which is read when it is first needed.
"""
