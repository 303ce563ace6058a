/** Something that holds a socket, file, thread or timer. Disposing twice does nothing more. */
export interface IDisposable {
  dispose(): void;
}
