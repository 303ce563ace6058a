/** Have the browser save something as a file. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the file by then; until then it needs the address.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
