"""What our messages say, one module a language; `wording` puts the pieces together.

A new language is one module with one `Language` and one line in `wording.LANGUAGES`.
"""
