const rspack = require('@rspack/core');

/** Merged into JupyterLab's own configuration for extensions. */
module.exports = {
  // HiGHS imports node:module in a branch for Node.js alone.
  plugins: [new rspack.IgnorePlugin({ resourceRegExp: /^node:/ })],
  module: {
    rules: [
      {
        test: /\.wasm$/,
        type: 'asset/resource',
        generator: { filename: '[name].[contenthash][ext]' }
      }
    ]
  }
};
