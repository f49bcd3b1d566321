"""Reading texts in languages other than English, into phonemes of Kokoro's alphabet.

`readers` is the table: which languages there are, what reads each, and what has to be installed for
it. `base` says what a reader is. `writing` makes words of what is written, figures, dates and signs
included, by a language's tables; a module for each language makes sounds of the words.

The voices learned from what espeak-ng says, so its conventions are followed throughout: stress
right before the vowel, one letter for an affricate and for some diphthongs (`alphabet`).
"""
