export function AddConnectorPage() { return null; }
