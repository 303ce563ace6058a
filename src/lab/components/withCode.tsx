/** Text whose words in backticks are code. */
export function WithCode({ text }: { text: string }) {
  return text.split('`').map((part, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place alone
    i % 2 === 1 ? <code key={i}>{part}</code> : part
  );
}
