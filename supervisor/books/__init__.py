"""Documents as books: an EPUB or a text file becomes titles and chapters of text to be spoken.

Pure reading: bytes go in, a `Book` comes out. Only `process` does anything else: it has a document
read in a child process, within limits of memory and time. What is said for a text, and speaking it,
are left to others.
"""
