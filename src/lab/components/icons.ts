import { LabIcon } from '@jupyterlab/ui-components';

/** The planet and its ring, in the theme's icon colour. */
export const saturnIcon = new LabIcon({
  name: 'jupyterlab-saturn:saturn',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 6.2a5.8 5.8 0 0 1 5.7 4.7L6.9 14.8A5.8 5.8 0 0 1 12 6.2Z"/>
    <path d="M17.7 13.1a5.8 5.8 0 0 1-9.6 3.1Z"/>
    <path d="M19.2 7.4c2 .2 3.3.8 3.6 1.8.7 2.2-3.8 5.2-10 6.9-6.100 1.700-11.200 1.200-11.700-.9-.3-1.200.9-2.700 3.100-4l.3 1.500c-1.300.9-1.900 1.600-1.800 2.100.3.900 4.700.9 9.700-.500 5.100-1.400 9-3.600 8.800-4.500-.1-.4-1-.7-2.400-.8Z"/>
  </g>
</svg>`
});
