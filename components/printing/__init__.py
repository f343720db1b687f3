"""Figures as they print: typefaces, places on a sheet, heat maps, whole sheets."""
