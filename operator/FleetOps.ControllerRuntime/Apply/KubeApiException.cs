using System.Net;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>The API server answered a request with an error, or ended a watch with one.</summary>
public sealed class KubeApiException : Exception
{
    /// <summary>Creates the exception from the parts of a <c>Status</c> answer.</summary>
    /// <param name="statusCode">HTTP status, or the code of a watch's ERROR event.</param>
    /// <param name="reason">Machine-readable reason, such as <c>NotFound</c>; may be empty.</param>
    /// <param name="message">The server's words.</param>
    /// <param name="request">What was asked, such as <c>GET api/v1/pods</c>.</param>
    public KubeApiException(HttpStatusCode statusCode, string reason, string message, string request)
        : base($"{request} was answered {(int)statusCode} {reason}: {message}")
    {
        StatusCode = statusCode;
        Reason = reason;
        ServerMessage = message;
    }

    /// <summary>HTTP status.</summary>
    public HttpStatusCode StatusCode { get; }

    /// <summary>The server's machine-readable reason; may be empty.</summary>
    public string Reason { get; }

    /// <summary>The server's message alone.</summary>
    public string ServerMessage { get; }

    /// <summary>How long the server asks to wait before the next try; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The details that came with the status; null when there were none.</summary>
    public V1StatusDetails? Details { get; init; }

    /// <summary>404: neither the object nor, perhaps, its kind is there.</summary>
    public bool IsNotFound => StatusCode == HttpStatusCode.NotFound;

    /// <summary>409: a precondition failed, or another field manager or object is in the way.</summary>
    public bool IsConflict => StatusCode == HttpStatusCode.Conflict;

    /// <summary>409 because an object of that name exists.</summary>
    public bool IsAlreadyExists => IsConflict && Reason == "AlreadyExists";

    /// <summary>410: the resource version or continue token is too old; list again.</summary>
    public bool IsExpired => StatusCode == HttpStatusCode.Gone || Reason is "Expired" or "Gone";

    /// <summary>403: the service account lacks a right, or admission refused (quota among others).</summary>
    public bool IsForbidden => StatusCode == HttpStatusCode.Forbidden;

    /// <summary>400 or 422: the request can never succeed as it is.</summary>
    public bool IsInvalid => StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity;

    /// <summary>429 or 5xx: worth trying again later.</summary>
    public bool IsTransient => StatusCode == HttpStatusCode.TooManyRequests || (int)StatusCode >= 500;
}
