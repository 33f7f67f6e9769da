"""What to expect next, by place: always tried on the past first, and withheld where counts alone say as much."""
