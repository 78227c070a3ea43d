"""Rows shaped for pages: what staff look at, read in a few queries and never written.

One file a page. Rules of the domain stay in `domain`; what is here is only which rows belong
together on a screen.
"""
