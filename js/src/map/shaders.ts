/** Class colours that fit the uniform; further classes start over. */
export const MAX_COLOURS = 96;

/**
 * `meta` is colour, origin, look, unused; `view` takes places to the clip space, `position * view.xy + view.zw`;
 * `radius` is in device pixels.
 */
export const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec2 from;
layout(location = 1) in vec2 to;
layout(location = 2) in float birth;
layout(location = 3) in uvec4 meta;
uniform vec4 view;
uniform float radius;
uniform float travel;
uniform float now;
uniform vec3 colours[${MAX_COLOURS}];
out vec3 colour;
out float size;
flat out uint origin;
flat out uint look;
void main() {
  float age = birth > 0.0 ? clamp((now - birth) / 450.0, 0.0, 1.0) : 1.0;
  float pop = age < 1.0 ? 0.3 + 0.7 * (1.0 + 1.9 * pow(age - 1.0, 3.0) + 0.9 * pow(age - 1.0, 2.0)) : 1.0;
  colour = colours[meta.x % ${MAX_COLOURS}u];
  origin = meta.y;
  look = meta.z;
  float r = radius * pop * ((look & 4u) != 0u ? 1.3 : 1.0);
  size = 2.0 * r + 4.0;
  gl_PointSize = size;
  bool gone = (look & 1u) != 0u || isnan(to.x) || isnan(to.y);
  gl_Position = gone ? vec4(2.0, 2.0, 0.0, 1.0) : vec4(mix(from, to, travel) * view.xy + view.zw, 0.0, 1.0);
}`;

/** `ratio` is device pixels to a CSS pixel. */
export const FRAGMENT = `#version 300 es
precision mediump float;
in vec3 colour;
in float size;
flat in uint origin;
flat in uint look;
uniform vec3 background;
uniform vec3 ink;
uniform float ratio;
out vec4 result;
void main() {
  float d = length(gl_PointCoord - 0.5) * size;
  float r = 0.5 * size - 2.0;
  float body = 1.0 - smoothstep(r - 0.6, r + 0.6, d);
  if (body <= 0.0) discard;
  bool marked = (look & 12u) != 0u;
  float stroke = (marked ? 1.75 : 1.5) * ratio;
  float rim = smoothstep(r - stroke - 0.6, r - stroke + 0.6, d);
  vec4 filled = vec4(mix(colour, marked ? ink : background, rim * 0.75), body * 0.95);
  vec4 ring = vec4(mix(mix(background, colour, 0.22), marked ? mix(colour, ink, 0.35) : colour, rim), body * mix(0.62, 1.0, rim));
  vec4 mark = origin == 0u ? filled : ring;
  float strength = (look & 2u) != 0u ? 0.16 : 1.0;
  // A flagged picture's mark is cut through and faint.
  vec2 p = (gl_PointCoord - 0.5) * size;
  if ((look & 16u) != 0u) strength *= 0.6 * smoothstep(0.5, 1.5, abs(p.x + p.y) * 0.7071 / ratio);
  float alpha = mark.a * strength;
  result = vec4(mark.rgb * alpha, alpha);
}`;
