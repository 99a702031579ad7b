/** The public surface of the package `casier`. */
export {};
