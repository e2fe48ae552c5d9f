/** Stands for a package that another one would load for what nobody here asks of it. */
export {}
