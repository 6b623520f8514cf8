"""Sizes as a report. Budgets are tripwires, not laws: over budget is printed, and only a file more
than twice its budget - one that has surely become two ideas - fails."""

import tree

BUDGETS = {".h": 250, ".cc": 600}


def check(root):
    findings = []
    counted = {suffix: [] for suffix in BUDGETS}
    for path in tree.cxx(root):
        if path.suffix not in BUDGETS:
            continue
        lines = tree.text(root, path).count("\n")
        counted[path.suffix].append(lines)
        budget = BUDGETS[path.suffix]
        if lines > 2 * budget:
            findings.append(f"{path}: {lines} lines, budget {budget}")
        elif lines > budget:
            print(f"over budget: {path}: {lines} lines, budget {budget}")
    for suffix, sizes in counted.items():
        if sizes:
            sizes.sort()
            print(f"{suffix}: {len(sizes)} files, median {sizes[len(sizes) // 2]}, "
                  f"90th percentile {sizes[len(sizes) * 9 // 10]}, largest {sizes[-1]} lines")
    return findings


if __name__ == "__main__":
    tree.main(check)
