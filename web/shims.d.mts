export const SHIMS: Record<string, [module: string, names: string]>;
export const shimText: (shim: [module: string, names: string]) => string;
