"""The nodes of a cluster that others look after: reached through a bridge, worked by hands."""
