"""Every part of an installation looked at, one noun a file: what is wrong is told in a sentence, with a mend.

Nothing is written, made or mended here, and no check can hang the others.
"""
