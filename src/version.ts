/** What this is a version of; the manifest says the same, and a spec holds the two together. */
export const version = '0.1.0';
