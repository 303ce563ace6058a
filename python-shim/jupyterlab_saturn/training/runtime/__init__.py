"""What a rank stands on: request, device, process group, how it tells of events and failures."""
