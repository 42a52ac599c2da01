/** The folder of hearth's own package: that of package.json and wrappers/, in a checkout as in an installation. */
export const PACKAGE_ROOT: URL = new URL('../', import.meta.url);
