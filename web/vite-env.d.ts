// Files that the page imports without code in them.
/// <reference types="vite/client" />
