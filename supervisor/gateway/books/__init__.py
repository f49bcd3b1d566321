"""Audiobooks over HTTP: a document is dropped, its chapters are spoken one after the other, and
kept on disk until somebody removes the book.
"""
