package tenant

import (
	"slices"
	"time"
)

// An install brings another secret, and the site goes on with the one that it had unless it hears our answer. Whoever answers cannot know
// what was heard: so the former secrets are kept beside the new one until the site has used either.
const (
	// FormerKept is how long a former secret is good for at most, where nothing is heard of the site meanwhile.
	FormerKept = 24 * time.Hour
	// answered is how long after an install the site may still take our answer to it, at most.
	answered = 10 * time.Minute
	// formerMost bounds the former secrets: the last that the site used, and the newest of those that it may never have taken.
	formerMost = 8
)

// Replacing returns the installation as it is kept when it takes the place of another. What the other's site may go on with stays: its
// secret, and the former ones that it has beside it. Nothing stays of another client, of one that was removed, or where secrets end by
// themselves.
func (i Installation) Replacing(old Installation) Installation {
	i.Former, i.FormerUntil = nil, time.Time{}
	if !old.Live() || old.ClientKey != i.ClientKey || old.Door != i.Door || !i.SecretUntil.IsZero() || !old.SecretUntil.IsZero() {
		return i
	}
	former := slices.DeleteFunc(old.Secrets(i.InstalledAt), func(s Secret) bool { return s.Empty() || s == i.Secret })
	if len(former) > formerMost {
		former = append(former[:formerMost-1:formerMost-1], former[len(former)-1])
	}
	if len(former) > 0 {
		i.Former, i.FormerUntil = former, i.InstalledAt.UTC().Add(FormerKept)
	}
	return i
}

// Secrets are those that the site may hold at an instant, newest first.
func (i Installation) Secrets(now time.Time) []Secret {
	if len(i.Former) == 0 || !now.Before(i.FormerUntil) {
		return []Secret{i.Secret}
	}
	return append([]Secret{i.Secret}, i.Former...)
}

// Confirmed returns the installation after the site used one of its secrets. The site took them in the order of the installs, so it holds
// none any more that is older. Those that are newer stay: what was signed before an install may arrive after it.
func (i Installation) Confirmed(used Secret) Installation {
	if used == i.Secret {
		i.Former, i.FormerUntil = nil, time.Time{}
	} else if at := slices.Index(i.Former, used); at >= 0 {
		i.Former = slices.Clone(i.Former[:at+1])
	}
	return i
}

// Restored returns the installation after the site itself, asked at an instant, refused every newer secret and took a former one: no install
// since then took hold. It changes nothing while the site may still be about to take the newest, or where that secret is unknown.
func (i Installation) Restored(took Secret, at time.Time) Installation {
	if slices.Contains(i.Former, took) && !at.Before(i.InstalledAt.Add(answered)) {
		i.Secret, i.Former, i.FormerUntil = took, nil, time.Time{}
	}
	return i
}
