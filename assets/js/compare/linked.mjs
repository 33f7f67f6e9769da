// Two maps that look at the same place. Whichever a person moves, the other follows at once.

/** Link both; the answer unlinks them. What one does because the other moved moves nothing again. */
export function link(one, other) {
  let following = false;
  const follow = (leader, follower, about) => () => {
    if (following) return;
    following = true;
    try {
      follower.jumpTo({ center: leader.getCenter(), zoom: leader.getZoom(), bearing: leader.getBearing(), pitch: leader.getPitch() }, about);
    } finally {
      following = false;
    }
  };
  // On the way nobody has to ask for what is there: where it ends is told as a move of its own.
  const heard = [[one, other], [other, one]].flatMap(([leader, follower]) => [
    [leader, "move", follow(leader, follower, { following: true })], [leader, "moveend", follow(leader, follower)],
  ]);
  for (const [map, type, f] of heard) map.on(type, f);
  heard[0][2]();
  return () => heard.forEach(([map, type, f]) => map.off(type, f));
}
