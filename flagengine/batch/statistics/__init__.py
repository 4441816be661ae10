"""Counts over tables: are the shares of a flag as they should be?"""
