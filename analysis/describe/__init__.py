"""Methods that describe what is: where seizures lie together, near one another in time, or coming up. Each is named in analysis/methods.py."""
