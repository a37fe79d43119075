//! Finds circles in a directed graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// One circle for each set of nodes that reach each other, as a path that ends where it starts.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let ends: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|node| (node.as_str(), reachable(graph, node)))
        .collect();
    let reaches = |from: &str, to: &str| ends.get(from).is_some_and(|nodes| nodes.contains(to));
    let mut done = BTreeSet::new();
    let mut circles = Vec::new();
    for node in graph.keys() {
        if done.contains(node.as_str()) || !reaches(node, node) {
            continue;
        }
        done.extend(
            graph
                .keys()
                .filter(|other| reaches(node, other) && reaches(other, node))
                .map(String::as_str),
        );
        circles.push(shortest_circle(graph, node));
    }
    circles
}

fn reachable<'a>(graph: &'a Graph, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = graph[from].iter().map(String::as_str).collect();
    while let Some(node) = next.pop() {
        if reached.insert(node)
            && let Some(further) = graph.get(node)
        {
            next.extend(further.iter().map(String::as_str));
        }
    }
    reached
}

fn shortest_circle(graph: &Graph, node: &str) -> Vec<String> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([node]);
    while let Some(at) = queue.pop_front() {
        for next in graph.get(at).into_iter().flatten() {
            if next == node {
                let mut path = vec![node.to_owned()];
                let mut step = at;
                while step != node {
                    path.push(step.to_owned());
                    step = came_from[step];
                }
                path.push(node.to_owned());
                path.reverse();
                return path;
            }
            if !came_from.contains_key(next.as_str()) {
                came_from.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    Vec::new()
}
