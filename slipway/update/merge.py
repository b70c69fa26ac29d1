"""A newer template, merged: bake the old one and the new one, and let Git do the difference."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slipway.base.addresses import masked
from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.update.bake import bake, clone, commit_of, git, is_part, newest, require_signed
from slipway.update.origin import FILE, Origin, read_origin, version_of

LOCKS = ("dvc.lock", "requirements.txt", "requirements-dev.txt", "requirements-serving.txt")
"""Files that commands write: where the project's differs from the template's, a merge has no meaning."""

UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""What Git keeps while one of these is not finished."""


@dataclass(frozen=True)
class Update:
    """What an update brought; nothing of it is committed.

    Attributes:
        before, after: versions of the template.
        changed: paths that it changed, staged.
        conflicts: paths in which Git has marked a conflict.
        left: paths of the template that were left as the project has them: folders that it has deleted, locks
            that it has made anew, moved or deleted, and files that it has edited and the template dropped.
    """

    before: str
    after: str
    changed: list[str]
    conflicts: list[str]
    left: list[str]


def merged(
    root: Path,
    source: str | None,
    revision: str | None,
    tell: Callable[[str], None] = lambda text: None,
    signed: bool = False,
) -> Update:
    """Merge the difference between the template that a project was made from and a newer one into it.

    Args:
        source: where the template is now; what the project remembers, by default.
        revision: a tag, branch or commit of it; the newest release by default, if that is newer.
        tell: takes a line on what is done now.
        signed: whether the revision has to be a signed tag, and the old one a part of its history.

    Raises:
        UsageError: nobody knows where the template is.
        Refused: the project has changes that are not committed, says of its template what it did not say when
            it was made, or a tag is not signed.
        SlipwayError: the template cannot be reached or baked; the project is as it was.
    """
    origin = read_origin(root)
    where = origin.source if source is None else source
    if where is None:
        raise UsageError(
            f"{FILE}: source is null; name the template's repository: slipway update --template URL"
        )  # guard update.source
    _require_clean(root)
    if source is None:
        _require_unmoved(root, where)
    with tempfile.TemporaryDirectory(prefix="slipway-update-") as temporary:
        folder = Path(temporary)
        tell(f"fetching the template from {masked(where)}")
        template = clone(where, folder / "template")
        old = _start(template, origin, tell)
        name = newest(template) if revision is None else revision
        new = commit_of(template, name)
        # A project made from a branch may be ahead of the newest release; it goes back only when told.
        if old == new or (revision is None and is_part(template, new, old)):
            return Update(origin.version, origin.version, [], [], [])
        if signed:
            new = _signed(template, name, old)
        tell(f"running the hooks of {masked(where)} at {old[:12]} and at {new[:12]} ({name})")
        # Git fetches only between repositories of one kind of hash.
        objects = git(root, "rev-parse", "--show-object-format")
        before, after = (
            bake(template, one, origin.answers, folder / one, GIT_DEFAULT_HASH=objects) for one in (old, new)
        )
        tell("merging")
        return _pick(root, before, after, origin)


def _require_unmoved(root: Path, source: str) -> None:
    """Require that the source is the one with which the project began.

    Its hooks are run, and one line of a file that few people look at would name somebody else's.
    """
    # All commits that brought the file, on every side of a merge: an older one may be merged in later.
    words = ("log", "--full-history", "--diff-filter=A", "--format=%H", "--", FILE)
    begun = [str(_source_at(root, commit)) for commit in git(root, *words).split()]
    is_whole = git(root, "rev-parse", "--is-shallow-repository") == "false"
    if {*begun} != {source} or not is_whole:
        began = (
            f"the project began with {masked(begun[-1])!r}" if begun and is_whole else "Git has not its first"
        )
        # guard update.moved
        raise Refused(
            f"{FILE}: source: found {masked(source)!r}, but {began}; a template's hooks are run, so say that "
            f"it is meant: slipway update --template {masked(source)}"
        )


def _source_at(root: Path, commit: str) -> object:
    """The source in the file of a commit; None where that tells none."""
    try:
        return json.loads(git(root, "show", f"{commit}:{FILE}"))["source"]
    except (ValueError, KeyError, TypeError):
        return None


def _signed(template: Path, tag: str, old: str) -> str:
    """The commit of a signed tag, whose history has the old one: the hooks of both are run."""
    require_signed(template, tag)
    new = commit_of(template, f"refs/tags/{tag}")
    if not is_part(template, old, new):
        # guard update.signed
        raise Refused(f"{tag!r}: signed, but {old[:12]}, whose hooks are run too, is no part of its history")
    return new


def _start(template: Path, origin: Origin, tell: Callable[[str], None]) -> str:
    """The commit that a project was made from or, where the template has it no more, its version's tag."""
    tag = f"v{origin.version}"
    if origin.commit is not None:
        try:
            return commit_of(template, origin.commit)
        except SlipwayError:
            tell(f"the template has no commit {origin.commit}; going by its tag {tag} instead")
    try:
        return commit_of(template, tag)
    except SlipwayError as error:
        raise SlipwayError(
            f"{FILE}: commit: found {json.dumps(origin.commit)}, expected one of the template, which has no "
            f"tag {tag} either; put the commit there that this project is nearest to"
        ) from error


def _require_clean(root: Path) -> None:
    if Path(git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
        # guard update.own
        raise Refused(f"{root}: is inside another repository; an update merges into one of its own")
    # Else the update would be committed as a part of what is under way.
    for mark in UNDER_WAY:
        if (root / git(root, "rev-parse", "--git-path", mark)).exists():
            # guard update.midway
            raise Refused(f"{root}: Git is in the middle of something ({mark}); finish or abort it first")
    # New files are asked for: a setting of the user's may hide them.
    changed = git(root, "status", "--porcelain", "--untracked-files=normal").splitlines()
    if changed:
        # Two letters and a space stand before the path.
        first = changed[0][3:]
        # guard update.clean
        raise Refused(f"{len(changed)} changed or new, {first!r} among them; commit or stash first")


def _pick(root: Path, old: Path, new: Path, origin: Origin) -> Update:
    """The difference between two projects, as a commit that no branch has, picked onto this one."""
    # Both projects become objects of this repository, so that Git merges as between branches.
    trees = [_fetched(root, made) for made in (old, new)]
    mine, theirs, coming = (_files(root, name) for name in ("HEAD", *trees))
    deleted = _deleted_folders([*mine, *_moved(root, trees[0], theirs)], theirs)
    left = (
        deleted + _own_locks(mine, theirs, coming, deleted) + _edited_and_dropped(root, trees, mine, theirs)
    )
    # What stays as it is must be missing on both sides: then it is no difference.
    # `FILE` is left out as well: it is taken whole at the end, so it never conflicts.
    base, tip = (_without(root, tree, [*left, FILE]) for tree in trees)
    _require_room(root, mine, _files(root, tip).items() - _files(root, base).items())
    after = version_of(new)
    parent = _commit(root, base, f"template {origin.version}")
    pick = _commit(root, tip, f"template {after}", "-p", parent)
    try:
        _picked(root, pick)
        _record(root, trees[1], origin)
    except BaseException:  # also where somebody interrupts: nothing stays half done
        git(root, "reset", "--quiet", "--merge")
        raise
    changed, conflicts = {*_differing(root, "--cached", "HEAD")}, _conflicts(root)
    return Update(origin.version, after, sorted(changed - {*conflicts}), conflicts, left)


def _picked(root: Path, pick: str) -> None:
    try:
        # An answer that Git remembers is put in the file, which still counts as a conflict to look at.
        git(root, "cherry-pick", "--no-commit", "--no-rerere-autoupdate", pick)
    except SlipwayError:
        # Conflicts are a result; without any, Git failed for another reason.
        if not _conflicts(root):
            raise


def _record(root: Path, tree: str, origin: Origin) -> None:
    """Write the new `.template.json`; keep the old address where the new one is a path of this machine."""
    git(root, "checkout", "--quiet", tree, "--", FILE)
    found = json.loads((root / FILE).read_text(encoding="utf-8"))
    if found["source"] is None and origin.source is not None:
        text = json.dumps(found | {"source": origin.source}, indent=2, ensure_ascii=False)
        (root / FILE).write_text(f"{text}\n", encoding="utf-8")
        git(root, "add", "--", FILE)


def _require_room(root: Path, mine: Iterable[str], coming: Iterable[tuple[str, str]]) -> None:
    """Refuse to write over files that Git ignores: it takes them for worthless, their owner may not."""
    known = {*mine, *_folders(mine)}
    for path, _ in sorted(coming):
        for spot in (path, *map(str, PurePosixPath(path).parents)):
            place = root / spot
            there = place.is_symlink() or place.is_file() or (spot == path and place.exists())
            if there and spot not in known:
                raise SlipwayError(
                    f"{spot}: Git ignores it, and the template brings {path}; move it away first"
                )


def _conflicts(root: Path) -> list[str]:
    return _differing(root, "--diff-filter=U")


def _differing(root: Path, *words: str) -> list[str]:
    return [path for path in git(root, "diff", "--name-only", "-z", *words).split("\0") if path]


def _fetched(root: Path, made: Path) -> str:
    """The tree of a made project's only commit, brought into this repository's objects."""
    # Objects alone: no tags, and the user's FETCH_HEAD stays.
    git(root, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(made), "HEAD")
    return git(made, "rev-parse", "HEAD^{tree}")


def _files(root: Path, tree: str) -> dict[str, str]:
    """Paths of a tree, and the hash of each."""
    lines = git(root, "ls-tree", "-r", "-z", tree).split("\0")
    return {path: meta.split()[2] for meta, _, path in (line.partition("\t") for line in lines if line)}


def _folders(paths: Iterable[str]) -> set[str]:
    """All folders that paths lie in."""
    return {str(folder) for path in paths for folder in PurePosixPath(path).parents}


def _moved(root: Path, tree: str, theirs: Iterable[str]) -> list[str]:
    """The template's files in folders of which most files lie elsewhere in the project; Git follows those.

    A few do not count: files of one system look much like those of another.
    """
    renames = ("-M", "--no-rename-empty", "--diff-filter=R", "--name-status", "-z")
    # Of each rename Git prints its score, the old path and the new one.
    sources = git(root, "diff", *renames, tree, "HEAD").split("\0")[1::3]
    held, gone = (Counter(PurePosixPath(path).parent for path in paths) for paths in (theirs, sources))
    return [path for path in sources if 2 * gone[folder := PurePosixPath(path).parent] > held[folder]]


def _deleted_folders(mine: Iterable[str], theirs: Iterable[str]) -> list[str]:
    """The outermost folders of the template in which the project has kept no file."""
    kept = _folders(mine)
    return sorted(path for path in _folders(theirs) - kept if str(PurePosixPath(path).parent) in kept)


def _own_locks(
    mine: dict[str, str], theirs: dict[str, str], coming: dict[str, str], deleted: list[str]
) -> list[str]:
    """The locks that the template changes and the project does not have as they were."""
    names = [
        path for path in theirs if PurePosixPath(path).name in LOCKS and not _folders([path]) & {*deleted}
    ]
    return [path for path in names if mine.get(path) != theirs[path] != coming.get(path)]


def _edited_and_dropped(
    root: Path, trees: list[str], mine: dict[str, str], theirs: dict[str, str]
) -> list[str]:
    """Files that the template has no more, under no other name either, and the project has changed."""
    dropped = _differing(root, "-M", "--diff-filter=D", *trees)
    return [path for path in dropped if mine.get(path, theirs[path]) != theirs[path]]


def _without(root: Path, tree: str, paths: list[str]) -> str:
    """A tree without some paths."""
    with tempfile.TemporaryDirectory() as folder:
        # An index of its own, for the user's is what the merge goes into.
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(root, "read-tree", tree, **index)
        git(root, "rm", "-r", "-f", "--cached", "--quiet", "--ignore-unmatch", "--", *paths, **index)
        return git(root, "write-tree", **index)


def _commit(root: Path, tree: str, message: str, *parent: str) -> str:
    """A commit that no branch has; Git forgets it in time."""
    # A commit needs a name, also where Git knows none.
    identity = ("-c", "user.name=slipway", "-c", "user.email=slipway@localhost")
    return git(root, *identity, "commit-tree", "--no-gpg-sign", tree, *parent, "-m", message)
