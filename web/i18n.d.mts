export function used(): { called: Set<string>; titles: Set<string> };
export function keys(file: string): string[];
export function stands(key: string): boolean;
export function missing(file: string): { called: string[]; titles: string[] };
