import { SaturnError } from '../../core/wire/failure.js';
import type { Failure } from '../../core/wire/messages.js';

/** Answer to an agent that was away; on the code it says hello again. */
export const UNKNOWN_AGENT: Failure = {
  code: 'unknown-agent',
  message: 'This agent has not said hello, or was away.'
};

/** Nobody is there who could look for devices: of a node, or of any. */
export function noAgent(node: string | undefined): SaturnError {
  return new SaturnError({
    code: 'no-agent',
    message: `No agent ${node === undefined ? '' : `of node ${node} `}is connected that could look for devices.`,
    hint: 'Try again in a few seconds, or see %saturn cluster.'
  });
}

/** Why an agent is not taken whose node has another. */
export function nodeTaken(node: string): Failure {
  return {
    code: 'node-taken',
    message: `There is another agent already that calls its node "${node}".`,
    hint: 'Give this one another name.'
  };
}
