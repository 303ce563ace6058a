/** Version of the protocol, as the schema has it; both ends refuse any other. */
export const WIRE_VERSION = 1;
