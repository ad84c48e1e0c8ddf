//! Where the bridge differs from Flask-Login on purpose: the one table of it.
//!
//! A difference is a switch of the [`Model`](crate::model::Model): with all off it tells what Flask-Login does, with all
//! on what the bridge does. Each must be seen in a recorded case.

/// See [`ALL`] for what each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    TheirFailures,
    ForwardedForIsNotBelieved,
    RestoredSessionsAreMarked,
    OnlyLoginsAreProtected,
    NoPermanentSessions,
    SigningOutIsNotProtected,
    ConfirmingIsProtected,
    RefusingMarksNoClient,
    FreshnessIsProtected,
    NobodyIsConfirmed,
    OnlyWhoMayComeInIsConfirmed,
    ANameIsNoLogin,
    WhoIsNotThereIsNotSignedIn,
    WhoIsInactiveIsNotRemembered,
    OnlyWhoAsksIsRemembered,
    RenewedWhenSomebodyAsks,
    ATimeBelongsToItsLogin,
    ALoginEndsAsAWhole,
    ASessionEndsAsAWhole,
    ASessionLivesWhileItIsUsed,
    ADefaultPortIsNoOtherHost,
    TheWayBackIsAPath,
    TheForcedHostIsForAll,
    OneNameForWhatARequestBrings,
    AnExplicitCredentialWins,
    AnOwnCredentialHasNoLogin,
    NoRedirectsInCircles,
}

use Difference::*;

/// All of them, and why.
pub(crate) const ALL: &[(Difference, &str)] = &[
    (
        TheirFailures,
        "a 500 there is a mistake of theirs: a duration that is none is refused or cannot be written with types, and a \
         remember cookie with other characters is a cookie that does not hold",
    ),
    (
        ForwardedForIsNotBelieved,
        "anybody can write X-Forwarded-For; Flask-Login has stopped to believe it too, after 0.6.3",
    ),
    (
        RestoredSessionsAreMarked,
        "there a session that a remember cookie opened does not say for which client, and the next request is taken for \
         another's: basic protects it from its owner each time, strong signs them out (issues #248, #685)",
    ),
    (
        OnlyLoginsAreProtected,
        "a session in which nobody is signed in has nothing to protect; there any value in it makes it suspicious, and \
         strong then throws away the remember cookie",
    ),
    (NoPermanentSessions, "what outlives the browser here is the remember cookie; strong protection has no exception"),
    (
        SigningOutIsNotProtected,
        "whoever signs out ends the login, and with that all is said: there is nothing left to protect",
    ),
    (
        ConfirmingIsProtected,
        "there confirming a session from another client makes it that client's, and nobody is told; here it is protected \
         first, so that strong ends it",
    ),
    (
        RefusingMarksNoClient,
        "there a session whose user is refused becomes that of the client which was refused, where the page to come back \
         to is kept in it",
    ),
    (
        FreshnessIsProtected,
        "there a session is fresh for another client too until somebody asks who it is; here it is not",
    ),
    (
        NobodyIsConfirmed,
        "there confirm_login() confirms whoever calls it, signed in or not; here it is the login that is confirmed, and a \
         remember cookie stands for one",
    ),
    (
        OnlyWhoMayComeInIsConfirmed,
        "there it confirms also users who are inactive or do not exist; here they are refused",
    ),
    (
        ANameIsNoLogin,
        "there whoever can write into a session is whom they write; here a session names a login, and the name of \
         somebody else beside it ends the session",
    ),
    (
        WhoIsNotThereIsNotSignedIn,
        "there a session and a remember cookie of a user who no longer exists stay as they are, and wait for somebody to \
         get the same id; here they are taken away when somebody asks",
    ),
    (
        WhoIsInactiveIsNotRemembered,
        "there an inactive user who was signed in by force is remembered, to be let in nowhere; here the cookie is taken \
         away when somebody asks",
    ),
    (
        OnlyWhoAsksIsRemembered,
        "there REMEMBER_COOKIE_REFRESH_EACH_REQUEST gives every user a remember cookie (issues #424, #684, #824; mended \
         after 0.6.3), and one from before outlives a login without it",
    ),
    (
        RenewedWhenSomebodyAsks,
        "there each response sets the cookie; here its time begins anew when somebody asks who the request is, and that at \
         most once a minute, because it is a write",
    ),
    (
        ATimeBelongsToItsLogin,
        "there the duration of a login is in its session: a browser that is to be remembered for an hour is remembered for \
         a year once that is gone, and the next login has the hour of the one before",
    ),
    (
        ALoginEndsAsAWhole,
        "there a remember cookie that the browser does not send along when its user signs out, because it is for another \
         path, stays good",
    ),
    (
        ASessionEndsAsAWhole,
        "there what the application left in a session outlives the login, for whoever signs in next",
    ),
    (
        ASessionLivesWhileItIsUsed,
        "there a session that is not permanent ends 31 days after it was last written; here after it was last used",
    ),
    (
        ADefaultPortIsNoOtherHost,
        "there addresses are compared as text, so that the login view of this very site is told a whole URL, which no \
         careful application follows",
    ),
    (
        TheWayBackIsAPath,
        "there the page to come back to is kept in the session as a whole URL where the login view is elsewhere, although \
         the session is this site's",
    ),
    (
        TheForcedHostIsForAll,
        "there FORCE_HOST_FOR_REDIRECTS forces nothing where the page to come back to is in the session",
    ),
    (OneNameForWhatARequestBrings, "0.6.3 still tells headers from the rest of a request; its successor does not"),
    (
        AnExplicitCredentialWins,
        "there a session comes before what a request brings by itself, and a remember cookie that does not hold keeps it \
         from being looked at; here it decides, and it is refused, and sent to no view, if it does not hold or its user \
         is inactive",
    ),
    (
        AnOwnCredentialHasNoLogin,
        "nobody is signed out of what a request brings by itself, and no session is opened beside it",
    ),
    (NoRedirectsInCircles, "there a login view that needs a login is redirected to itself, until the browser gives up"),
];
