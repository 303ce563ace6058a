import { type ReactNode, useState } from 'react';

/** A fold whose content is made when it is opened: for what is long. */
export function LazyFold({ title, children }: { title: string; children: () => ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className="jp-SaturnFold"
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>{title}</summary>
      {isOpen && children()}
    </details>
  );
}
