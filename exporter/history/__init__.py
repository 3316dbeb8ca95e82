"""Every settled day at its own date: as OpenMetrics in a file, or by remote write to a receiver."""
