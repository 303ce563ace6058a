import type { Notebook } from '@jupyterlab/notebook';

/** Make a cell the active one and scroll to it; false when the notebook has no such cell. */
export async function selectCell(notebook: Notebook, id: string): Promise<boolean> {
  const index = notebook.widgets.findIndex(cell => cell.model.id === id);
  if (index < 0) {
    return false;
  }
  notebook.activeCellIndex = index;
  notebook.deselectAll();
  await notebook.scrollToItem(index, 'smart');
  return true;
}

/** Insert a code cell below the active one and make it active. */
export async function insertCellBelow(notebook: Notebook, source: string): Promise<void> {
  const { model } = notebook;
  if (!model) {
    return;
  }
  const index = notebook.activeCellIndex + 1;
  model.sharedModel.insertCell(index, {
    cell_type: 'code',
    source,
    // New cells are the user's own, so they are trusted, as JupyterLab does.
    metadata: { trusted: true }
  });
  notebook.activeCellIndex = index;
  notebook.deselectAll();
  notebook.mode = 'edit';
  await notebook.scrollToItem(index, 'smart');
}
