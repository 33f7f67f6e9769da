"""Ways between places and border crossings, as told with seizures and as tracks went."""
