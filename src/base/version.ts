// The version of this program; a test holds it to package.json, and the release bundle carries it along.
export const version = '0.1.0';

/** `linux_x64`, as connectors tell their edge. */
export const architecture: string = `${process.platform}_${process.arch}`;
