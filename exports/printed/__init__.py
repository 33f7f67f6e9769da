"""The map as printed sheets: how they are asked for (asked), where the ground lies on the paper (paper), what is drawn (drawing), what is said (page)."""
