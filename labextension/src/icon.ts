import { LabIcon } from '@jupyterlab/ui-components';

// A cat's head: drawn on Lab's grid of 24, in the colour of the other icons of the bar.
const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" fill-rule="evenodd"
    d="M4 2.6 8.7 6.3a10.4 10.4 0 0 1 6.6 0L20 2.6c.6-.4 1.2-.1 1.2.6v9.4c0 5-4.1 8.6-9.2 8.6s-9.2-3.6-9.2-8.6V3.2c0-.7.6-1 1.2-.6Zm4.6 8.2a1.5 1.9 0 1 0 0 3.8 1.5 1.9 0 0 0 0-3.8Zm6.8 0a1.5 1.9 0 1 0 0 3.8 1.5 1.9 0 0 0 0-3.8Zm-4.9 5.3 1.5 1.7 1.5-1.7h-3Z"/>
</svg>`;

export const catalogIcon = new LabIcon({ name: 'jupyter-shinecat:catalog', svgstr });
