import type { SessionState } from '../../wire/messages.js';

/** What a file of a session may be called: without a folder, and without what a system does not take. */
export function fileName({ session }: SessionState, content: string, extension: string): string {
  const name = session.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^\.+/, '') || 'session';
  return `${name}-${content}.${extension}`;
}
