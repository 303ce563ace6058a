// The body of an engine, without its socket, which the test holds: lives until stdin ends.
process.stdin.on('end', () => process.exit(0)).resume();
