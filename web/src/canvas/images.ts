/** Pictures on nodes: decoded on first use, kept by address, forgotten when many pile up. */
const LIMIT = 200;

export type Picture = HTMLImageElement | ImageBitmap;

export class Images {
  private known = new Map<string, HTMLImageElement>();

  /** `changed` is called when a picture has arrived or failed. */
  constructor(private readonly changed: (url: string) => void) {}

  /** The picture at `url` if it is there already; otherwise it starts to load. */
  get(url: string): HTMLImageElement | null {
    const known = this.known.get(url);
    if (known) return known.complete && known.naturalWidth > 0 ? known : null;
    const image = new Image();
    image.decoding = "async";
    image.src = url;
    const done = (): void => {
      this.changed(url);
    };
    image.decode().then(done, done);
    this.known.set(url, image);
    if (this.known.size > LIMIT) this.known.delete(this.known.keys().next().value ?? "");
    return null;
  }

  failed(url: string): boolean {
    const known = this.known.get(url);
    return known?.complete === true && known.naturalWidth === 0;
  }
}

export const widthOf = (picture: Picture): number =>
  "naturalWidth" in picture ? picture.naturalWidth : picture.width;
export const heightOf = (picture: Picture): number =>
  "naturalHeight" in picture ? picture.naturalHeight : picture.height;

/** Columns of a contact sheet of `count` pictures. */
export const sheetColumns = (count: number): number => Math.ceil(Math.sqrt(count));

/** Height over width of a sheet of `count` pictures that are each `aspect` high. */
export function sheetAspect(count: number, aspect: number): number {
  const columns = sheetColumns(count);
  return (Math.ceil(count / columns) * aspect) / columns;
}
