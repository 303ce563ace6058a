import type { Kernel } from '@jupyterlab/services';
import type { Failure } from '../../core/wire/messages.js';
import { COMM_TARGET } from './tokens.js';

/**
 * Load the extension in a kernel without a trace in the notebook.
 *
 * @returns why it could not be loaded, or null. Rejects when the kernel goes away meanwhile.
 */
export async function loadExtension(kernel: Kernel.IKernelConnection): Promise<Failure | null> {
  const { content } = await kernel.requestExecute({
    code: `%load_ext ${COMM_TARGET}`,
    silent: true,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false
  }).done;
  if (content.status !== 'error') {
    return null;
  }
  return {
    code: 'load-failed',
    message: `The kernel could not load jupyterlab_saturn: ${content.ename}: ${content.evalue}`,
    hint:
      content.ename === 'ModuleNotFoundError'
        ? 'Run %pip install jupyterlab_saturn in this notebook, so that it is where the kernel runs.'
        : 'Run %load_ext jupyterlab_saturn in a cell to see the whole traceback.'
  };
}

/** Id of the newest comm of ours that lives in a kernel, or null. A kernel at work answers when it is done. */
export async function livingComm(kernel: Kernel.IKernelConnection): Promise<string | null> {
  const { content } = await kernel.requestCommInfo({ target_name: COMM_TARGET });
  return content.status === 'ok' ? (Object.keys(content.comms).at(-1) ?? null) : null;
}

/** Language of a kernel as its specification names it, in lower case; `python` when it has none. */
export async function languageOf(kernel: Kernel.IKernelConnection): Promise<string> {
  return ((await kernel.spec)?.language ?? 'python').toLowerCase();
}

/**
 * Wait for the subshell of a comm, if its kernel has subshells: what is said before goes to the main
 * shell and waits there behind the cells that run.
 *
 * @returns whether it has one.
 */
export async function subshellOf(
  comm: Kernel.IComm,
  kernel: Kernel.IKernelConnection | null
): Promise<boolean> {
  // Not part of JupyterLab's interface, nor there before 4.4. Without one the main shell must do.
  const { subshellStarted } = comm as { subshellStarted?: Promise<void> };
  if (!kernel?.supportsSubshells || !subshellStarted) {
    return false;
  }
  return subshellStarted.then(
    () => true,
    () => false
  );
}

/** That the extension is loaded in a kernel, and has opened no comm. */
export const noComm = (): Failure => ({
  code: 'no-comm',
  message: 'The extension is loaded, but the kernel opened no channel to the panel.',
  hint: 'Run %reload_ext jupyterlab_saturn in a cell.'
});
